// ECConvert
