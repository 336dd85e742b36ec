// Boxes for the sensor (with a belt clip) and for the Pi. All lengths in mm.
// Print each part as it lies here; PETG or nylon, 3 walls, no support.
//   openscad -D 'part="sensor"' -o sensor.stl hardware/enclosure.scad
// The pictures beside this file, which show boards and belt too (without a display: xvfb-run -a openscad …):
//   openscad -D 'part="sensor_picture"' --imgsize=1000,700 --viewall --autocenter -o pictures/sensor.png enclosure.scad
part = "sensor";        // sensor, sensor_lid, pi, pi_lid; sensor_picture, pi_picture

wall = 1.6;             // four lines of a 0.4 mm nozzle
gap = 0.4;              // between board and box
lip = 1.2;              // the lid's rim reaches so far into the box
fit = 0.15;             // between rim and box

sensor_board = [25.6, 17.8, 4.6];   // LSM6DSOX breakout with its STEMMA QT sockets
// Zero 2 W: solder below 1.5, board 1.4, header 2.5, plugged sockets 14, the bend of their wires 2.6.
// Where the wires are soldered to the board, 8 in place of 22 does.
pi_board = [65, 30, 22];

belt_height = 40;
belt_thickness = 2.4;
clip = 2.0;             // thickness of the clip's tongue

plug = [6.5, 4.0];      // STEMMA QT cable
usb = [12.5, 8.5];      // micro-USB plug with its sleeve
card = [14, 3.5];       // microSD; it stands out of the board
wires = [20, 4];        // of the sensor, and of motor and button

function outer(board) = [board.x + 2 * (gap + wall), board.y + 2 * (gap + wall), board.z + 2 * gap + wall];

module rounded(size, radius = 2.5) {
    linear_extrude(size.z)
        offset(radius) translate([radius, radius]) square([size.x - 2 * radius, size.y - 2 * radius]);
}

// Open at the top; the board lies at the bottom, on which the clip is, so that it moves as the hip does.
module box(board) {
    size = outer(board);
    difference() {
        rounded(size);
        translate([wall, wall, wall]) cube([size.x - 2 * wall, size.y - 2 * wall, size.z]);
        children();
    }
}

module lid(board) {
    size = outer(board);
    rounded([size.x, size.y, wall]);
    translate([wall + fit, wall + fit, wall]) difference() {
        cube([size.x - 2 * (wall + fit), size.y - 2 * (wall + fit), lip]);
        translate([wall, wall, -1]) cube([size.x - 2 * (2 * wall + fit), size.y - 2 * (2 * wall + fit), lip + 2]);
    }
}

// A tongue beside the box; the belt goes between. Printed lying on its side with the box standing on its edge.
module belt_clip(size) {
    reach = belt_height + 2 * wall;
    translate([0, 0, -belt_thickness - clip]) {
        cube([size.x, reach, clip]);
        cube([size.x, wall + 0.4, belt_thickness + clip + wall]);
        // a bead that keeps the belt from slipping out
        translate([0, reach - 1.2, clip]) rotate([0, 90, 0]) cylinder(h = size.x, r = 0.8, $fn = 24);
    }
    translate([0, 0, 0]) cube([size.x, size.y, wall]);
}

module sensor() {
    size = outer(sensor_board);
    box(sensor_board) {
        for (x = [-1, size.x - wall - 1])   // a socket on either side; one stays free
            translate([x, (size.y - plug.x) / 2, wall + gap]) cube([wall + 2, plug.x, plug.y]);
    }
    belt_clip(size);
}

module pi() {
    size = outer(pi_board);
    box(pi_board) {
        // power: 54 mm from the end with the card, on the long side
        translate([wall + gap + 54 - usb.x / 2, -1, wall]) cube([usb.x, wall + 2, usb.y]);
        // card: 16.9 mm from the side with the plugs
        translate([-1, wall + gap + 16.9 - card.x / 2, wall + 2]) cube([wall + 2, card.x, card.y]);
        translate([-1, (size.y - wires.x) / 2, size.z - wires.y]) cube([wall + 2, wires.x, wires.y + 1]);
        for (x = [14 : 6 : size.x - 14])    // warm air
            translate([x, size.y - wall - 1, wall + 4]) cube([2, wall + 2, 6]);
        for (x = [12, size.x - 12 - 4])     // a band through the bottom straps it to the belt
            translate([x, 5, -1]) cube([4, size.y - 10, 1 + wall + 0.01]);
    }
}

// What is bought, for the pictures. Pin of the header and colour of its wire, as in wiring.yml:
wired = [[1, "red"], [2, "red"], [3, "blue"], [5, "yellow"], [6, "black"], [9, "black"], [11, "green"], [13, "white"],
         [14, "black"]];

module bought(board, colour, height = 1.6) {
    color(colour) translate([wall + gap, wall + gap, wall]) cube([board.x, board.y, height]);
}

// As it hangs on the belt: up is up, the wearer behind it, the lid taken off towards us.
module sensor_picture() {
    size = outer(sensor_board);
    rotate([90, 0, 0]) mirror([0, 1, 0]) {
        color("#2a8ca8") sensor();
        bought(sensor_board, "#27408b");
        for (x = [wall + gap, size.x - wall - gap - 4.5])
            color("#eeeeee") translate([x, size.y / 2 - 3, wall + 1.6]) cube([4.5, 6, 2.9]);
        color("#7fc4d6") translate([0, size.y, size.z + 22]) rotate([180, 0, 0]) lid(sensor_board);
    }
    // the belt, behind the box and before the tongue
    color("#9aa3ad", 0.55) translate([-18, belt_thickness * 0.1, -belt_height - 2.1])
        cube([size.x + 36, belt_thickness * 0.8, belt_height]);
}

// From above: the card's end at the left, the plug of the power in front.
module pi_picture() {
    size = outer(pi_board);
    color("#2a8ca8") pi();
    translate([0, 0, 1.5]) bought(pi_board, "#2e7d32", 1.4);
    on = wall + 1.5 + 1.4;
    color("#222222") translate([wall + gap + 7, wall + gap + 24, on]) cube([51, 5, 2.5]);
    color("#dddddd") translate([wall + gap + 54 - 4, wall + gap - 1, on]) cube([8, 6, 2.6]);
    color("#dddddd") translate([wall + gap + 1, wall + gap + 16.9 - 6, on]) cube([13, 12, 1.4]);
    color("#aa2222") translate([wall + gap - 2.2, wall + gap + 16.9 - 5.5, on + 0.3]) cube([10, 11, 0.8]);
    for (wire = wired) {        // odd pins in the inner row, even ones at the board's edge; pin 1 next to the card
        column = floor((wire[0] - 1) / 2);
        row = 1 - wire[0] % 2;
        color(wire[1]) translate([wall + gap + 7.2 + 2.54 * column, wall + gap + 24 + 2.54 * row, on + 2.5])
            cube([2.4, 2.4, 14]);
    }
    color("#7fc4d6") translate([0, size.y + 12, 0]) lid(pi_board);
}

if (part == "sensor") rotate([0, -90, 0]) sensor();
if (part == "sensor_lid") lid(sensor_board);
if (part == "pi") pi();
if (part == "pi_lid") lid(pi_board);
if (part == "sensor_picture") sensor_picture();
if (part == "pi_picture") pi_picture();
