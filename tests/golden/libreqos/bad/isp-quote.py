sqm = "cake
interfaceA = "eth1"
