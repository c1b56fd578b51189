"""What an operator looks at: servers, activity, settings."""
