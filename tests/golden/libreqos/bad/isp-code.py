from settings import *
from settings import interfaceA
base = 1000
sqm = "cake" if fast else "fq_codel"
upstreamBandwidthCapacityDownloadMbps = base * 2
upstreamBandwidthCapacityUploadMbps = int("5")
generatedPNDownloadMbps = 10 + 5
generatedPNUploadMbps = x = 5
monitorOnlyMode = not True
interfaceB = f"eth{base}"
OnAStick: bool = True
StickVlanA, StickVlanB = 1, 2
queuesAvailableOverride += 1
if base:
    useBinPackingToBalanceCPU = True
if base: enableActualShellCommands = False
for queueRefreshIntervalMins in [1]: pass
ignoreSubnets = [s for s in base]
allowedSubnets = {'10.0.0.0/8'}
sqm = b'cake'
sqm = '\N{BULLET}'
StickVlanA = 0100
StickVlanA = -'1'
sqm =
(monitorOnlyMode := 5)
