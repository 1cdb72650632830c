"""The command line: click and nothing but click, one small file for each command.

A command chooses what to call and what to show; it decides nothing about a rollout.
"""
