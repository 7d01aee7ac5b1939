"""The console command `counterfoil`: the only package that knows api and tasks both.

What a command needs is imported when it runs, so that each part loads its own libraries and no others."""
