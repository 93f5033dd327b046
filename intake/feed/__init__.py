"""What the report counts: exports, paged searches, and the site's own facts."""
