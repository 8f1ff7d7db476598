OnAStick = True
StickVlanA = 5
StickVlanB = 5
