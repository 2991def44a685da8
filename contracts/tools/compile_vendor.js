// Compiles the other projects' contracts that come as source only into vendor-out/, which is never committed.
"use strict";
const fs = require("fs");
const path = require("path");

const modules = path.join(__dirname, "..", "node_modules");
const output = path.join(__dirname, "..", "vendor-out");
const chainlink = "chainlink-v06/src/v0.6/";
const jobs = [
  { compiler: "solc-0.6.6", sources: [chainlink + "FluxAggregator.sol", chainlink + "EACAggregatorProxy.sol"] },
  { compiler: "solc", sources: ["@chainlink/contracts/src/v0.8/vendor/multicall/ebd8b64/src/Multicall3.sol"] },
];

function compile({ compiler, sources }) {
  const read = (file) => ({ contents: fs.readFileSync(path.join(modules, file), "utf8") });
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(sources.map((file) => [file, { content: read(file).contents }])),
    settings: {
      optimizer: { enabled: true, runs: 1000 },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const result = JSON.parse(require(path.join(modules, compiler)).compile(JSON.stringify(input), { import: read }));
  const errors = (result.errors || []).filter((entry) => entry.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((entry) => entry.formattedMessage).join("\n"));
  for (const file of sources) {
    const name = path.basename(file, ".sol");
    const contract = result.contracts[file][name];
    const artefact = {
      abi: contract.abi,
      bytecode: "0x" + contract.evm.bytecode.object,
      deployedBytecode: "0x" + contract.evm.deployedBytecode.object,
    };
    fs.writeFileSync(path.join(output, name + ".json"), JSON.stringify(artefact) + "\n");
  }
}

fs.mkdirSync(output, { recursive: true });
jobs.forEach(compile);
process.exit(0); // solc 0.6.6 leaves a listener behind that would keep the process alive
