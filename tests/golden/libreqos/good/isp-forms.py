"""A text that stands
alone is a comment: sqm = 'fifo'"""
import os; sqm = ("cake "
	'diffserv4 ' r'nat' # side by side
)
interfaceA="eth" \
	"1"
interfaceB = '\x65th\u0032'; OnAStick = True
StickVlanA = 0x64
StickVlanB = +2_01
StickVlanB = (2_00)
upstreamBandwidthCapacityDownloadMbps = 2500.25
upstreamBandwidthCapacityUploadMbps = (100.0)
upstreamBandwidthCapacityUploadMbps = .5
ignoreSubnets = ()
allowedSubnets = "100.64.0.0/10",
allowedSubnets = ("10.0.0.0/8", '''fd00::/8''',)
excludeSites = [1, -2.5, None, True, {'a': (1, 2), "b": {}}, [[]], 0b11, 0o17]
monitorOnlyMode = True
monitorOnlyMode = False
home = os.environ['HOME']
print("OnAStick =", OnAStick)
if OnAStick == True:
	home = 'x'
colour = 'red'
uispStrateggy = 'flat'
