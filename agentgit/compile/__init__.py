"""YAML to `Desired`, PURE: parse, check, merge, resolve, explain; errors with their places."""
