import Glibc

exit(Vitald.run(CommandLine.arguments))
