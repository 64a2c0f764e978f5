// The chat page: everything on it is drawn by the server; these modules only move what is there.
import "./viewport.js";
import "./keys.js";
import "./clock.js";
import "./actions.js";
import "./toolbar.js";
import "./touch.js";
import "./contents.js";
import "./recorder.js";
import "./typing.js";
import "./lightbox.js";
import "./player.js";
import { start as startNavigation } from "./navigate.js";
import { start as startOutbox } from "./outbox.js";
import { connect } from "./socket.js";

startNavigation();
startOutbox();
connect();
