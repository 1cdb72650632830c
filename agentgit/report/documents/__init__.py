"""The shapes of the public JSON documents, version 1: their fields, and what each of them means.

They are loaded for the type checker and for `agentgit schema` alone: a command that prints a
document does not pay for them.
"""
