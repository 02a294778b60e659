// An SMSC of another maker (npm smpp), told by its environment how to misbehave; one JSON line an event on standard output.
const smpp = require(process.env.SMPP_MODULE);
let taken = 0, throttled = 0;
const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const throttle = Number(process.env.THROTTLE || 0);   // refuse every n-th submit once as throttled
const cut = Number(process.env.CUT || 0);             // close the connection instead of answering the n-th submit
const early = process.env.EARLY === "1";              // receipt before the answer
const server = smpp.createServer((session) => {
  session.on("error", () => {});
  session.on("bind_transceiver", (pdu) => {
    if (pdu.password !== "secret") { session.send(pdu.response({ command_status: smpp.ESME_RBINDFAIL })); return; }
    session.send(pdu.response());
    tell({ event: "bound", system_id: pdu.system_id });
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); tell({ event: "unbound" }); session.close(); });
  session.on("deliver_sm_resp", (pdu) => tell({ event: "deliver_sm_resp", status: pdu.command_status }));
  session.on("submit_sm", (pdu) => {
    taken += 1;
    if (throttle && taken % throttle === 0) {
      throttled += 1; tell({ event: "throttled" });
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED })); return;
    }
    const id = "m" + taken;
    const said = pdu.short_message;
    tell({ event: "submit", id, to: pdu.destination_addr, from: pdu.source_addr, ton: pdu.source_addr_ton,
           coding: pdu.data_coding, esm_class: pdu.esm_class, text: said.message, udh: said.udh ? Buffer.concat(said.udh).toString("hex") : "" });
    if (cut && taken === cut) { tell({ event: "cut" }); session.socket.destroy(); return; }
    const receipt = () => session.deliver_sm({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: { message: Buffer.from(`id:${id} sub:001 dlvrd:001 submit date:2601151000 done date:2601151001 stat:DELIVRD err:000 text:`) } });
    if (early) receipt();
    session.send(pdu.response({ message_id: id }));
    if (!early) setTimeout(receipt, 20);
    if (process.env.REPLY) setTimeout(() => session.deliver_sm({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, data_coding: 8,
      short_message: { message: Buffer.from(process.env.REPLY, "utf16le").swap16() } }), 50);
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => tell({ event: "listening" }));
