ignoreSubnets = ["10.0.0.0/8"
interfaceA = "eth1"
