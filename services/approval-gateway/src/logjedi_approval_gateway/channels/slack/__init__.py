"""Slack: Block Kit messages out, signed clicks in."""

NAME = "slack"
