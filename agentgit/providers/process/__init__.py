"""Replicas as processes of this machine, for trying things out and for hosts without an engine."""
