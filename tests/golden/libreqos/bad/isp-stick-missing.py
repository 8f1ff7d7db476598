OnAStick = True
StickVlanA = 5
