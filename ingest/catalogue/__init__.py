"""The catalogue in data/catalog: its schema, its entries and relations, merged with those of the sites."""
