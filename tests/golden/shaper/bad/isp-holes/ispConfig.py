sqm = 'cake'
OnAStick = False
