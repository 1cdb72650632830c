"""agentgit makes a Git repository the control plane of a fleet of AI agents."""

__version__ = "0.1.0"
