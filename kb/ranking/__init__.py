"""A question to a ranking: query, candidates, their features, the ranker, and coverage."""
