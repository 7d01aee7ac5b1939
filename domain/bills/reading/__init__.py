"""What a stranger's file says: all of it is parsed in the jail, and what comes out is believed within bounds only."""
