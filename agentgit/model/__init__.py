"""The nouns of agentgit: frozen values that travel from one stage to the next.

PURE: imports nothing but pydantic and the standard library's value types.
"""
