// Everything goes into what is built for a server, as frameworks do that deploy one file.
export default { ssr: { noExternal: true } };
