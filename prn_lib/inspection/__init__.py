"""New photographs in, decisions out; nothing here needs torch.

In come a detector, a trained network or its ONNX file, and a folder of photographs; out come score
maps, pictures with the defects outlined, and tables of scores and regions. A threshold with a
stated rate of false alarms is chosen here too. Chapter: "Bring your own product".
"""
