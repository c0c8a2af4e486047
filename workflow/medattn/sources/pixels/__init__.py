"""Everything of the sources that needs numerical libraries; sources import it when they read images."""
