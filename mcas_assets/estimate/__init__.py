"""What an audit will take, and which change it would find, before anything is drawn."""
