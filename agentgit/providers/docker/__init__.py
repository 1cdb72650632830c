"""Docker, and Podman through the same API: one engine endpoint on behalf of one project."""
