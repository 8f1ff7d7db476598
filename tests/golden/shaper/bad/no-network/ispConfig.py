upstreamBandwidthCapacityDownloadMbps = 1000
upstreamBandwidthCapacityUploadMbps = 1000
interfaceA = 'eth1'
interfaceB = 'eth2'
