// A worker begins with the program that was compiled already and is sent to it first.
import init from "./worker.js";
addEventListener("message", ({ data }) => {
  // What is thrown by itself reaches whoever started the worker; a rejected promise does not.
  init({ module_or_path: data }).catch((reason) => setTimeout(() => { throw reason; }));
}, { once: true });
