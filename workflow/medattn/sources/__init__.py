"""Sources of images: where they come from and how they are read. One file a kind; `registry` finds them."""
