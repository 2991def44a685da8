"""What a running agent shows: logs, metrics, status, alerts; never a secret."""
