// Its arguments: the folder with node_modules, a port, and a folder for what it keeps. The package has no command.
const [modules, port, directory] = process.argv.slice(2);
const S3rver = require(require.resolve("@20minutes/s3rver", { paths: [modules] }));
new S3rver({ address: "127.0.0.1", port: Number(port), directory, silent: true }).run();
