"""The frame around the views: navigation, actions, status bar, docks, palette."""
