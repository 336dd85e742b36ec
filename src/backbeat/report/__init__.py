"""A session on one page: one HTML file that loads nothing, for a phone without a network and for a printer.

`material` is what a page is made of, `words` says it in sentences, `chart` draws, `page` puts it together.
"""
