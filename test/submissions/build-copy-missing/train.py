print("the data is not in the context")
