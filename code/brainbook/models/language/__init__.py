"""Small language models, and what is done to concepts in a large one."""
