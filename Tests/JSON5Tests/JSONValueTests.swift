import JSON5
import Testing
