"""The stages that `pipeline` strings together: which commit, what was seen, what happened."""
