"""Whether other teams' programs still work after a change: released contracts against this one."""
