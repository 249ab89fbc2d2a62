"""Language models: prompts, providers, a client with a deadline, token budgets, a cache and usage."""
