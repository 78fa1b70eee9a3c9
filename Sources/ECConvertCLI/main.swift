print("ecconvert")
