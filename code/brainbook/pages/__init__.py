"""One module a page: what the page measures, draws and claims."""
