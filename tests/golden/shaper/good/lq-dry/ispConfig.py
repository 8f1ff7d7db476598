interfaceA = 'eth1'
interfaceB = 'eth2'
enableActualShellCommands = False
