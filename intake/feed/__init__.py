"""What the report counts: exports, paged searches, and facts that the site itself has."""
