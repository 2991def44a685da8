"""How a strategy earns capital: stages in their order, criteria with bounds, records that nobody edits unseen."""
