sqm = $x
