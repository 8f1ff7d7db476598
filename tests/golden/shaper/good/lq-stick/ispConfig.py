upstreamBandwidthCapacityDownloadMbps = 1000
upstreamBandwidthCapacityUploadMbps = 1000
interfaceA = 'eth1'
interfaceB = 'eth7'
OnAStick = True
StickVlanA = 3
StickVlanB = 4
