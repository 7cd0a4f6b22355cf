"""Quality measured on clips and portraits, and the reports of it."""
