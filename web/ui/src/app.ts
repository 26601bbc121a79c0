// What every page gets. Each part looks for its own markup and does nothing
// where there is none; without scripts the same pages work by links and forms.
import { setUpBoard } from "./board";
import { setUpComments } from "./comments";
import { saved } from "./draft";
import { setUpBoardFilter } from "./filter";
import { setUpFormDrafts } from "./handoff";
import { setUpKeys } from "./keys";
import { forgetAtSignOut } from "./live/stored";
import { setUpMakeFact } from "./makefact";
import { setUpMenus } from "./menus";
import { setUpOutline } from "./outline";
import { setUpPalette } from "./palette";
import { setUpPresence } from "./present";
import { setUpPrint } from "./print";
import { setUpTasks } from "./tasks";
import { setUpTheme } from "./theme";
import { setUpToasts } from "./toast";
import { setUpDropZones } from "./upload";
import { setUpTimes } from "./when";

saved();
setUpTimes();
setUpMakeFact();
setUpMenus();
setUpPalette();
setUpKeys();
setUpTheme();
setUpToasts();
setUpOutline();
setUpTasks();
setUpComments();
setUpBoard();
setUpBoardFilter();
setUpDropZones();
setUpFormDrafts();
setUpPresence();
setUpPrint();
forgetAtSignOut();
